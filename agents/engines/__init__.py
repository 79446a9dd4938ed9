"""Engines that more than one agent stands on, each behind one module."""
