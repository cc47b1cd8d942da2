"""The programs that call the gateway, and what each needs to be told.

In: a `Gateway` (URL, models, how to get a token). Out: `Instructions`: text to put somewhere, notes, and for programs
with a configuration file the `Edit` that merges it. One module a program; `RECIPES` has them all.
"""
