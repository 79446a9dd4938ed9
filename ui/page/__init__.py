"""The page: approvals, runs, reports and catalogs for people who write no code. It enters the hub by `flows.service`.

Importing this package alone loads no Gradio; `ui.page.build` (the module) does.
"""
