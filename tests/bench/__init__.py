"""What `bench pages` runs beside the dashboard, in processes of their own, because it knows Streamlit."""
