"""The database: its tables, their migrations, and how it is written to. What the rows mean is said above."""

from flows.store.agents import Registered, newest_agent, register, registered_agents
from flows.store.chain import (
    GENESIS,
    NO_ROW,
    Broken,
    Draft,
    Entry,
    UnreadableRowError,
    append,
    end,
    entries,
    entries_of,
    first_broken,
    gates_of,
    hash_at,
    is_sound,
    kinds_after,
    last,
    runs_of,
)
from flows.store.deliveries import Delivery, claim, finish, plan, position, waiting
from flows.store.engine import is_made, open_store
from flows.store.runs import Origin, origin_of, record_origin
from flows.store.transactions import read, write
from flows.store.workflows import Kept, keep, kept_workflows, newest_of, versions_of

__all__ = [
    "GENESIS",
    "NO_ROW",
    "Broken",
    "Delivery",
    "Draft",
    "Entry",
    "Kept",
    "Origin",
    "Registered",
    "UnreadableRowError",
    "append",
    "claim",
    "end",
    "entries",
    "entries_of",
    "finish",
    "first_broken",
    "gates_of",
    "hash_at",
    "is_made",
    "is_sound",
    "keep",
    "kept_workflows",
    "kinds_after",
    "last",
    "newest_agent",
    "newest_of",
    "open_store",
    "origin_of",
    "plan",
    "position",
    "read",
    "record_origin",
    "register",
    "registered_agents",
    "runs_of",
    "versions_of",
    "waiting",
    "write",
]
