"""The settings of one Megaplan account, as they stand in its Airflow connection."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from megaplan_hook.address import account_address
from megaplan_hook.exceptions import MegaplanSettingError
from megaplan_hook.private_fields import PRIVATE_FIELDS, PrivateField, named_once, with_a_secret
from megaplan_hook.vendor_quirks import VendorQuirks
from megaplan_vendor_kit.connection_settings import ConnectionLike, ConnectionSettings
from megaplan_vendor_kit.field_error import FieldError
from megaplan_vendor_kit.setting import Setting
from megaplan_vendor_kit.setting_types import (
    HeaderSecret,
    HttpUrl,
    IsoDate,
    ListOf,
    PathSecret,
    TimeZoneName,
    json_object,
)

Communication = Literal["none", "planned", "done"]
MissedCallResponsible = Literal["last_rung", "client_manager", "fixed"]
PhoneNumber = Annotated[str, StringConstraints(pattern=r"^\+?[\d\s()-]{2,30}$")]


class AccountSettings(ConnectionSettings):
    """Everything that an account's connection says, except login and password."""

    error_class: ClassVar[type[FieldError]] = MegaplanSettingError

    base_url: str
    """``https://mp361546.megaplan.ru``, without a slash at the end."""
    account: str
    """The label before ``.megaplan.ru``, otherwise host:port; ``account`` in every table."""

    deals_active: Annotated[bool, Setting("Synchronise deals", "Account")] = True
    """Whether deals, contacts and directories of this account are copied into Postgres."""
    sync_every_minutes: Annotated[
        int, Field(ge=0, le=10080), Setting("Minutes between syncs", "Account", unit="minutes")
    ] = 0
    """How often this account is synchronised, if less often than the DAG runs, such as 60 for a small account; 0
    means in every run. Webhooks are processed at once all the same."""
    account_timezone: Annotated[TimeZoneName, Setting("Time zone of the account", "Account")] = (
        "Europe/Moscow"
    )
    """IANA name of the time zone in which the account's days begin."""
    application_uuid: Annotated[str | None, Setting("Application UUID", "Account")] = None
    """UUID of an application created in the account's settings, if there is one."""
    application_token: Annotated[HeaderSecret, Setting("Application token", "Account")] = None
    """API token of that application, used when Login is empty."""

    requests_per_second: Annotated[
        float, Field(ge=0.1, le=1000), Setting("Requests per second", "Requests", unit="requests per second")
    ] = 3.0
    """Maximum number of requests per second to this account, for all processes together. Pop-ups may be two
    requests ahead. An independent client gives 5 as Megaplan's limit."""
    requests_per_hour: Annotated[
        int, Field(ge=1, le=1_000_000), Setting("Requests per hour", "Requests", unit="requests per hour")
    ] = 1000
    """Maximum number of requests per hour to this account, for all processes together. The same client gives
    1000."""
    page_size: Annotated[
        int, Field(ge=1, le=1000), Setting("Rows per page", "Requests", unit="rows per page")
    ] = 100
    """Number of rows requested per page. Megaplan may return fewer."""
    directories_every_minutes: Annotated[
        int, Field(ge=0, le=10080), Setting("Minutes between directory reads", "Requests", unit="minutes")
    ] = 60
    """How often lists without a time of change (employees, pipelines, directories) are read in full; 0 means in
    every run."""

    night_requests: Annotated[
        int, Field(ge=10, le=1_000_000), Setting("Requests per night", "Reconciliation", unit="requests")
    ] = 3000
    """Maximum number of requests of one reconciliation. It continues the next night where it had to stop."""
    deletion_brake: Annotated[
        float, Field(ge=0, le=100), Setting("Deletion brake, per cent", "Reconciliation", unit="per cent")
    ] = 1.0
    """If more than this share of a table's rows (and more than 20 rows) disappear at once, none of them is marked
    as deleted until a person approves."""
    backfill_stage_moves: Annotated[bool, Setting("Load earlier stage moves", "Reconciliation")] = False
    """Whether the earlier stage moves of every deal are loaded, one request per deal, with the requests left over
    from the night."""
    keep_certificates_days: Annotated[
        int, Field(ge=30, le=36_500), Setting("Days to keep certificates", "Reconciliation", unit="days")
    ] = 365
    """Certificates older than this are deleted at night, except the newest of each table. 36500 keeps all."""
    keep_versions_days: Annotated[
        int | None,
        Field(ge=30, le=36_500),
        Setting("Days to keep versions of deals", "Reconciliation", unit="days"),
    ] = None
    """Past versions of deals that ended before are deleted at night; moves between stages are kept. If empty, all
    are kept."""

    deals_since: Annotated[IsoDate | None, Setting("Load deals created since", "What is copied")] = None
    """Day in the account's time zone, such as 2024-01-01. Deals created before are neither loaded nor missed by the
    reconciliation. Those in the table already stay as they are. If empty, all deals are loaded."""
    deals_look_back_minutes: Annotated[
        int, Field(ge=0, le=525_600), Setting("Look back at deals, minutes", "What is copied", unit="minutes")
    ] = 0
    """How long before the newest change each run begins to read deals again, for accounts where changes show
    late. If 0, as the quirk time_updated_overlap_seconds says."""
    contacts_look_back_minutes: Annotated[
        int,
        Field(ge=0, le=525_600),
        Setting("Look back at contacts, minutes", "What is copied", unit="minutes"),
    ] = 0
    """The same for contacts."""
    fields_left_out: Annotated[
        ListOf[PrivateField], PRIVATE_FIELDS, Setting("Fields to leave out", "What is copied")
    ] = ()
    """Fields that never reach Postgres, such as contacts.contactInfo or employees.name; see
    docs/private-fields.md."""
    fields_hashed: Annotated[
        ListOf[PrivateField],
        AfterValidator(named_once),
        PRIVATE_FIELDS,
        Setting("Fields to hash", "What is copied"),
    ] = ()
    """Fields whose texts are replaced by their SHA-256. Whoever guesses a text can recognise it."""
    pseudonym_secret: Annotated[HeaderSecret, Setting("Secret of the pseudonyms", "What is copied")] = None
    """Key of the pseudonyms, such as the output of openssl rand -hex 24. With another one all pseudonyms change."""
    fields_pseudonymised: Annotated[
        ListOf[PrivateField],
        AfterValidator(named_once),
        AfterValidator(with_a_secret),
        PRIVATE_FIELDS,
        Setting("Fields to pseudonymise", "What is copied"),
    ] = ()
    """Fields whose texts are replaced by pseudonyms: the same text always by the same one, which only the owner of
    the secret can compute."""

    uis_conn_id: Annotated[str | None, Setting("UIS connection", "UIS")] = None
    """Connection id of the UIS account, such as uis_default, for deals and for telephony."""
    deals_to_uis: Annotated[bool, Setting("Send deals to UIS", "UIS")] = True
    """Whether deals are uploaded to UIS once the DAG uis_deals_upload is on, see docs/uis-deals.md."""
    uis_deal_fields: Annotated[ListOf[str], Setting("Custom fields of deals", "UIS")] = ()
    """Titles or keys of custom fields of deals that become columns in UIS, separated by commas or as a JSON
    list."""
    uis_loss_reason_field: Annotated[str | None, Setting("Field with the loss reason", "UIS")] = None
    """Title or key of the custom field that says why a deal was lost. If empty, fields whose title looks like it
    are used («Причина отказа»)."""

    telephony_active: Annotated[bool, Setting("Handle calls", "Telephony")] = False
    """Whether calls of this account are handled. A tenth of the hourly requests is then reserved for them."""
    communication_incoming_answered: Annotated[
        Communication, Setting("Incoming call, answered", "Telephony")
    ] = "none"
    """Which communication an answered incoming call creates in Megaplan."""
    communication_incoming_missed: Annotated[Communication, Setting("Incoming call, missed", "Telephony")] = (
        "none"
    )
    """Which communication a missed incoming call creates in Megaplan."""
    communication_outgoing_answered: Annotated[
        Communication, Setting("Outgoing call, answered", "Telephony")
    ] = "none"
    """Which communication an answered outgoing call creates in Megaplan."""
    communication_outgoing_unanswered: Annotated[
        Communication, Setting("Outgoing call, unanswered", "Telephony")
    ] = "none"
    """Which communication an unanswered outgoing call creates in Megaplan."""
    communication_minutes: Annotated[
        int, Field(ge=1, le=1440), Setting("Length of a communication, minutes", "Telephony", unit="minutes")
    ] = 120
    """Time between the start and the end of a communication."""
    megaplan_creates_todo: Annotated[bool, Setting("Megaplan creates the communication", "Telephony")] = False
    """Whether Megaplan itself creates a communication for each call. If so, it is only completed here."""
    missed_call_responsible: Annotated[MissedCallResponsible, Setting("Missed call goes to", "Telephony")] = (
        "last_rung"
    )
    """Who is responsible for a missed call and its communication: last_rung (the employee whose telephone rang last),
    client_manager (the first responsible of the client, if the deals DAGs have loaded one who still works there) or
    fixed (missed_call_employee). If there is none, the next of last_rung and fixed."""
    missed_call_employee: Annotated[
        int | None,
        Field(ge=1),
        Setting("Employee for missed calls", "Telephony", allowed="the id of an employee in Megaplan"),
    ] = None
    """Megaplan id of the employee who is responsible for missed calls that nobody else is responsible for, and for
    all of them with fixed."""
    missed_call_employees: Annotated[
        dict[str, int],
        BeforeValidator(json_object),
        Setting(
            "Employees for missed calls by number",
            "Telephony",
            allowed="one JSON object of own numbers and ids of employees in Megaplan",
            remedy='write it as {"74950000001": 1000004}',
        ),
    ] = Field(default_factory=dict)
    """Megaplan ids of the employees who are responsible for missed calls to certain own numbers; takes precedence."""
    skip_spam: Annotated[bool, Setting("Leave out spam", "Telephony")] = False
    """Whether calls that UIS has refused because of its spam list or your blacklist stay out of Megaplan. Only UIS's
    report says so, at night: a call that was delivered before stays there."""
    skip_fax: Annotated[bool, Setting("Leave out faxes", "Telephony")] = False
    """Whether faxes stay out of Megaplan. That an incoming call was one is only known from UIS's report."""
    skip_numbers: Annotated[
        ListOf[PhoneNumber],
        Setting("Numbers to leave out", "Telephony", allowed="phone numbers separated by commas"),
    ] = ()
    """Calls with these numbers, of clients or own ones, stay out of Megaplan and get no pop-ups."""
    keep_telephony_days: Annotated[
        int | None, Field(ge=30, le=36_500), Setting("Days to keep calls", "Telephony", unit="days")
    ] = None
    """Calls older than this, with all events received about them, are deleted from Postgres at night once they are
    in Megaplan, see docs/telephony-calls.md#how-long-it-is-kept. If empty, nothing is deleted."""
    route_fallback: Annotated[
        ListOf[PhoneNumber],
        Setting("Fallback numbers", "Telephony", allowed="phone numbers separated by commas"),
    ] = ()
    """Numbers to ring when nobody is responsible for the caller, in this order."""

    gateway_url: Annotated[HttpUrl | None, Setting("Gateway address", "Gateway")] = None
    """Public address of the gateway, such as https://calls.example.org."""
    webhook_secret: Annotated[PathSecret, Setting("Webhook secret", "Gateway")] = None
    """Unguessable part of the address to which Megaplan sends its events, such as the output of openssl rand -hex
    24."""
    keep_messages_days: Annotated[
        int, Field(ge=7, le=36_500), Setting("Days to keep processed messages", "Gateway", unit="days")
    ] = 30
    """Processed webhooks of Megaplan, and messages of UIS that do not concern a call, are deleted at night when they
    are older than this, or than keep_telephony_days."""

    widget_key_number: Annotated[
        int, Field(ge=1, le=1_000_000), Setting("Number of the widget key", "Gateway")
    ] = 1
    """Increase it to replace the key that the widget's pages contain, for example when an employee leaves. Pages that
    are open then have to be reloaded."""

    vendor_quirks: Annotated[
        VendorQuirks, BeforeValidator(json_object), Setting("Vendor quirks", "Advanced")
    ] = VendorQuirks()
    """One JSON object for what differs between accounts, normally empty. Its keys are listed in
    docs/settings.md."""

    @property
    def account_in_url(self) -> str:
        """The account as a part of the gateway's addresses: percent-encoded if it is in Cyrillic."""
        return quote(self.account, safe=":[]")

    @property
    def has_private_fields(self) -> bool:
        """Whether not everything that Megaplan sends may be stored."""
        return bool(self.fields_left_out or self.fields_hashed or self.fields_pseudonymised)

    @property
    def zone(self) -> ZoneInfo:
        """The account's time zone."""
        return ZoneInfo(self.account_timezone)

    @classmethod
    def from_connection(cls, conn: ConnectionLike) -> AccountSettings:
        """Read and check all settings of an Airflow connection.

        :raises MegaplanSettingError: for an unknown name or an impossible value; the message names the
            connection, the field, what was given (never a secret) and what to do.
        """
        return cls.read(conn, **account_address(conn)._asdict())
