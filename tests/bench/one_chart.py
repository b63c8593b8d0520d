"""A page of Streamlit with one chart of three bars: what opening any page with a chart costs on this machine."""

import plotly.graph_objects as go
import streamlit as st

st.title("One chart")
st.plotly_chart(go.Figure(go.Bar(x=["a", "b", "c"], y=[1, 2, 3])))
