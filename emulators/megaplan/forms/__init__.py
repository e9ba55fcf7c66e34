"""The form of every content type the account knows."""

from .calls import CALL_INFO, CALL_ROUTE, CALL_USER_CONFIG, SYSTEM_SETTING
from .comments import BASED_ON_HISTORY, COMMENT
from .contractors import CONTRACTOR_COMPANY, CONTRACTOR_HUMAN, PAYER
from .deals import DEAL
from .directories import DIRECTORIES
from .employees import DEPARTMENT, EMPLOYEE
from .form import Form
from .history import CHANGESET, DEAL_STATUS_HISTORY, FIELD_CHANGE
from .integrations import INTEGRATION
from .invoices import INVOICE
from .offers import OFFER, OFFER_COPY, OFFER_ROW
from .programs import PROGRAM, PROGRAM_STATE, PROGRAM_TRANSITION, PROGRAM_TRIGGER
from .todos import PARTICIPANT, TODO, TODO_CATEGORY, TODO_STATUS
from .widgets import INTEGRATION_WIDGET

FORMS: dict[str, Form] = {
    "BasedOnHistory": BASED_ON_HISTORY,
    "CallInfo": CALL_INFO,
    "CallRoute": CALL_ROUTE,
    "CallUserConfig": CALL_USER_CONFIG,
    "Changeset": CHANGESET,
    "Comment": COMMENT,
    "ContractorCompany": CONTRACTOR_COMPANY,
    "ContractorHuman": CONTRACTOR_HUMAN,
    "Deal": DEAL,
    "DealStatusHistory": DEAL_STATUS_HISTORY,
    "Department": DEPARTMENT,
    "Employee": EMPLOYEE,
    "FieldChange": FIELD_CHANGE,
    "Integration": INTEGRATION,
    "IntegrationWidget": INTEGRATION_WIDGET,
    "Invoice": INVOICE,
    "Offer": OFFER,
    "OfferCopy": OFFER_COPY,
    "OfferRow": OFFER_ROW,
    "Participant": PARTICIPANT,
    "Payer": PAYER,
    "Program": PROGRAM,
    "ProgramState": PROGRAM_STATE,
    "ProgramTransition": PROGRAM_TRANSITION,
    "ProgramTrigger": PROGRAM_TRIGGER,
    "SystemSetting": SYSTEM_SETTING,
    "Todo": TODO,
    "TodoCategory": TODO_CATEGORY,
    "TodoStatus": TODO_STATUS,
    **DIRECTORIES,
}


def form_names(content_type: str) -> tuple[str, ...]:
    """Return the names of the forms a content type may be printed in."""
    return ("Offer", "OfferCopy") if content_type == "Offer" else (content_type,)
