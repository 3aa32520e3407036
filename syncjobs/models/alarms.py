"""What is wrong right now, told once to whom it concerns; and the signs of life of clock and workers."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from connector_site.lib.references import new_code
from connector_site.lib.wording import said
from tenants.models import Tenant, User


class _Raised(models.Model):
    """What both kinds have: since when it is so, when it was last seen to be so, and whether people were told.

    `mail_due_at` is when the mail is (again) to be sent; it is empty once it was, and where none is wanted. While some
    are left to be reached, `mail_not_to` holds the keys of those who need it no more (`alarm_letters.Person`), and
    `mail_tries_end_at` is when nobody is tried any more.
    """

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    kind = models.CharField(max_length=30)
    details = models.JSONField(default=dict, blank=True)
    raised_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    cleared_at = models.DateTimeField(null=True)
    mail_due_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)
    mail_not_to = ArrayField(models.CharField(max_length=40), default=list, db_default=[], blank=True)
    mail_tries_end_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.kind} {self.code}"


class Alarm(_Raised):
    """Something wrong at one customer; `subject` is the code of what it is about."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    subject = models.UUIDField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "kind", "subject"], condition=models.Q(cleared_at=None), name="alarm_open_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["mail_due_at"], condition=models.Q(mail_due_at__isnull=False), name="alarm_to_mail"),
            models.Index(fields=["tenant", "-raised_at", "-id"], name="alarm_newest"),
        ]


class SystemAlarm(_Raised):
    """Something wrong with the service itself; belongs to no tenant. `subject` is a word, such as a queue's name."""

    subject = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=models.Q(cleared_at=None), name="system_alarm_open_once"
            ),
        ]


class Heartbeat(models.Model):
    """A sign of life: the clock's ticks, and a message that went all the way through a queue. Belongs to no tenant."""

    name = models.CharField(max_length=40, unique=True)
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class NewsChoice(models.Model):
    """How a person wants to be told of one kind of alarm; without one the role decides (`syncjobs.alarms.news`)."""

    class Mail(models.TextChoices):
        """When she is mailed."""

        NEVER = "never", said("never")
        AT_ONCE = "at_once", said("at once")
        DIGEST = "digest", said("once a day")

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=30)
    mail = models.CharField(max_length=7, choices=Mail.choices)
    on_site = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "user", "kind"], name="news_choice_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "user"], condition=models.Q(mail="digest"), name="news_choice_digest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.mail}"


class NewsMark(models.Model):
    """How far a person has read what was told on the site, and which day's digest she was sent last."""

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    read_to_at = models.DateTimeField(null=True)
    digest_date = models.DateField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "user"], name="news_mark_once"),
        ]

    def __str__(self) -> str:
        return f"news read to {self.read_to_at}"
