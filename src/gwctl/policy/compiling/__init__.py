"""Parts of the compiler: what routes, teams and keys become in a snapshot. Pure."""
