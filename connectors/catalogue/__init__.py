"""The connectors that Fairlead brings: nothing of them is read, built or pulled until one is chosen."""
