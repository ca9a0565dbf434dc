"""What is remembered: one file per subject, its tables and its queries; `db.py` holds the only commit."""
