"""A page of Streamlit with nothing on it: what opening any page costs on this machine."""

import streamlit as st

st.title("Nothing")
