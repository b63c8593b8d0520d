"""Everything that moves data or acts on the pipeline. Nothing here imports Streamlit."""
