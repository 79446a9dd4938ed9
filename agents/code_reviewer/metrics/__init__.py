"""Measuring one file: lines, functions, maintainability. Pure: text in, figures out."""
