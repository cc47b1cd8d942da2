"""The command line: one file a command. A command parses, calls the library, prints; heavy imports are inside."""
