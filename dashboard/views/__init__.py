"""One page each, run by `dashboard/router.py`."""
