"""The edge: policy snapshot → configuration of Envoy and Portkey.

In: `EdgeSettings` (where things are), a policy snapshot, the providers' secrets. Out: Envoy's bootstrap and its
dynamic configuration files, as bytes. Pure: nothing here does I/O except reading the Lua sources of this package.
"""
