"""One small file an engine; core/warehouse.py alone opens them."""
