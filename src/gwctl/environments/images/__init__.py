"""The container images of a deployment: listed, pinned by digest, mirrored."""
