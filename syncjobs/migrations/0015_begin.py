"""What a person approved, by its fingerprint, and a job that looks again at what waited for going live."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("syncjobs", "0014_abandoned"), ("tenants", "0005_plans_from")]

    operations = [
        migrations.AddField(
            model_name="delivery",
            name="approved_content",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        migrations.AlterField(
            model_name="syncjob",
            name="kind",
            field=models.CharField(
                choices=[
                    ("read", "read the delivery from Exact"),
                    ("gone", "deal with a delivery deleted in Exact"),
                    ("ship", "make the UPS shipment"),
                    ("report", "write the tracking number to Exact"),
                    ("recheck", "see whether a hold was fixed"),
                    ("subscribe", "subscribe to Exact's notifications"),
                    ("methods", "read the shipping methods"),
                    ("master", "read changed master data"),
                    ("events", "take in what UPS told of a delivery's parcels"),
                    ("look", "ask UPS where a delivery's parcels are"),
                    ("confirm", "ask UPS whether a parcel's way has ended"),
                    ("alert", "have UPS tell us of an account's parcels"),
                    ("view", "read an account's Quantum View"),
                    ("status", "write the milestone to Exact"),
                    ("proof", "put the proof of delivery into Exact"),
                    ("settle", "find out what became of a shipment"),
                    ("changes", "read what changed in Exact"),
                    ("compare", "compare everything that is open with Exact"),
                    ("reconcile", "compare Exact, UPS and us"),
                    ("warehouses", "read the warehouses and their addresses"),
                    ("dry_run", "show what would become of the last deliveries"),
                    ("begin", "look again at what waited until shipping began"),
                    ("retain", "delete what was kept long enough"),
                    ("export", "put the customer's data into one archive"),
                    ("close", "end what is left of a customer who leaves"),
                ],
                max_length=10,
            ),
        ),
    ]
