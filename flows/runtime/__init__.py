"""What executes agents: docker, the real one, and local where no engine answers."""

from flows.runtime.interface import Execution, Job, Runtime

__all__ = ["Execution", "Job", "Runtime"]
