"""`fairlead check SOURCE`: a mapping beside the source's own sums, before anybody is written to. Reads only."""
