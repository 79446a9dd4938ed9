"""The REST API: what programs ask the hub for, in the words of `flows.service`."""
