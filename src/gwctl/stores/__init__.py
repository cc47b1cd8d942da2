"""What outlives a process: the interfaces that the other packages use, and a folder of adapters for each family."""
