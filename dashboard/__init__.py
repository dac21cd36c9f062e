"""The Streamlit dashboard of Seven Faces."""
