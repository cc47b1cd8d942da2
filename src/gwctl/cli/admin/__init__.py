"""The admin API as commands reach it: which one is meant, and how it is called."""
