"""An AWS for this machine: moto, patched where it answers otherwise than AWS, with what it holds kept on disk."""
