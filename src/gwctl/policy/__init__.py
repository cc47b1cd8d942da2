"""Policy: what the people in charge write (documents) becomes what the machines enforce (snapshot).

In: policy documents, from YAML files or the admin API. Out: one policy snapshot, or the list of problems that
kept it from compiling. Nothing in this package does I/O except `loader`, which reads YAML files.
"""
