"""Lists as columns: declared once, searched, and written as CSV and Parquet."""
