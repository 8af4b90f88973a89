"""JSON APIs: what a source file says of one, what is asked, how one signs in, and how its pages follow each other."""
