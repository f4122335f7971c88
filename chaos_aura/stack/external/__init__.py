"""Services of somebody else: as `chaos-aura.toml` describes them, as they are found, how they are.

Nothing here starts or ends any of them.
"""
