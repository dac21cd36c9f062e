"""What `streamlit run dashboard/Home.py` starts: the server, which warms up while the browser still opens."""

import streamlit as st

from dashboard.warm import warming

app = st.App("router.py", lifespan=warming)
