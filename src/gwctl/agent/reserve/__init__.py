"""The edge's reserve calls: what a request can cost at most, and whether it may go on, answered from memory."""
