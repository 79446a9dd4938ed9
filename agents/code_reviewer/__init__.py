"""code-reviewer: size, complexity, maintainability and bug patterns of a repository's source code."""
