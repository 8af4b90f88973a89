"""The command line, one file a topic: the commands, and the steps that they and a night are made of."""
