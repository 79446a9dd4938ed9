"""The contract every agent keeps: JSON request in, JSON result out, logs on stderr."""
