"""Parts of systems: what tables say of them, read without a copy where their types allow."""
