"""JSON Schemas (2020-12) of endpoints as plain values: what is in them, what is dangerous about them, their defaults.

The standard library is enough here; what needs a validator is in `adapters/json_schemas.py`.
"""
