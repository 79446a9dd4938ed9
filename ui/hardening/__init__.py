"""What stands between the network and the page or the API: limits, time-outs, headers and a log, as ASGI middleware.

Knows nothing of the hub, of Prefect and of the page's library: any ASGI application can stand behind it.
"""
