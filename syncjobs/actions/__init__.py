"""What people do with a delivery, and the looks at what each would do first."""
