"""Models, contract and raw client of OKX's maximum loan; import what you need from its modules.

Nothing is imported here: the models must not cost an HTTP library.
"""
