"""The gwctl package."""
