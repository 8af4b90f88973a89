"""How the command line shows each command's object to a person. Layout only: no number is computed here."""
