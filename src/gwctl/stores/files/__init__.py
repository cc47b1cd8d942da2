"""Stores in plain files, where there is neither a stream nor a bucket."""
