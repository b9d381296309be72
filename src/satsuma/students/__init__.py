"""Students: models trained on a dataset, measured on another, and used. The way in: `satsuma.students.doors`."""
