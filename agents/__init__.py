"""Agents: what runs inside the sealed container. Light: no Prefect, FastAPI, Gradio or Docker."""
