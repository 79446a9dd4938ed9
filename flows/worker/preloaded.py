"""Importing this preloads: multiprocessing's forkserver can be told module names and nothing else.

Never import it anywhere else.
"""

from flows.worker.preload import MODULES, preload, report

report(preload(MODULES))
