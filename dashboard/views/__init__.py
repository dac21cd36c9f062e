"""One page each, run by the router in `dashboard/Home.py`."""
