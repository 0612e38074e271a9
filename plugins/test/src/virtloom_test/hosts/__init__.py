"""The hosts that are played: what they say of themselves, their devices, and where their descriptions come from."""
