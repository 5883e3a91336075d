"""The contract of the operations as data: what spec/openapi.yaml says, typed; never edited by hand."""

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypedDict


class RateLimit(NamedTuple):
    """How many requests the exchange takes in any `period` seconds, and whose requests it counts together."""

    requests: int
    period: float
    per: Literal["user", "ip", "user and instType"]


class Value(NamedTuple):
    """One documented value; `name` is the SDK's word for it where OKX has a bare number."""

    value: str
    name: str
    en: str
    zh: str


class Parameter(NamedTuple):
    """One query parameter; `attribute` is its Python name, `values` is closed when `enum` is true."""

    name: str
    attribute: str
    required: bool
    max_items: int
    pattern: str
    enum: bool
    values: tuple[Value, ...]
    en: str
    zh: str


class Field(NamedTuple):
    """One field of an answer's rows; `values` are the documented ones, others may come."""

    name: str
    attribute: str
    type: Literal["string", "boolean", "array"]
    required: bool
    default: str | bool | tuple[()] | None
    pattern: str
    values: tuple[Value, ...]
    en: str
    zh: str


Condition = Mapping[str, tuple[str, ...]]


class Rule(NamedTuple):
    """A rule between parameters: where everything in `when` holds, everything in `then` must."""

    id: str
    basis: Literal["documented", "observed", "inferred"]
    when: Condition
    then: Condition
    en: str
    zh: str


class Example(NamedTuple):
    """A documented question, and the account that may ask it."""

    id: str
    account: Mapping[str, str]
    query: Mapping[str, str]
    en: str
    zh: str


class Outcome(NamedTuple):
    """One possible response to an open question, and the rules that it would confirm, support in part, or refute."""

    id: str
    when: Condition
    confirms: tuple[str, ...]
    supports: tuple[str, ...]
    refutes: tuple[str, ...]
    en: str
    zh: str


class OpenQuestion(NamedTuple):
    """An unknown behaviour of the operation, the request that would show it, and the accounts that may send it.

    An account has to be able to trade the pairs of the request, unless they are `unlisted`.
    """

    id: str
    accounts: tuple[Condition, ...]
    query: Mapping[str, str]
    unlisted: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    en: str
    zh: str


class Operation(NamedTuple):
    """One operation of the exchange."""

    id: str
    method: str
    path: str
    signed: bool
    limit: RateLimit
    parameters: tuple[Parameter, ...]
    fields: tuple[Field, ...]
    rules: tuple[Rule, ...]
    examples: tuple[Example, ...]
    en: str
    zh: str
    docs_en: str
    docs_zh: str


class Error(NamedTuple):
    """One error code: what it is about, what the SDK does by itself, and what it means."""

    code: str
    kind: Literal[
        "refused",
        "authentication",
        "permission",
        "rate_limit",
        "clock",
        "parameter",
        "instrument",
        "account_mode",
        "unavailable",
    ]
    retry: Literal["never", "later", "resync"]
    en: str
    zh: str


class ExtraParameters(TypedDict, total=False):
    """Query parameters of maximum loan that came later."""


GET_MAX_LOAN = Operation(
    id="getMaxLoan",
    method="GET",
    path="/api/v5/account/max-loan",
    signed=True,
    limit=RateLimit(requests=20, period=2, per="user"),
    parameters=(
        Parameter(
            name="mgnMode",
            attribute="mgn_mode",
            required=True,
            max_items=1,
            pattern="",
            enum=True,
            values=(
                Value(
                    value="isolated",
                    name="isolated",
                    en="The margin of one position stands apart from the rest of the account.",
                    zh="逐仓：单个仓位的保证金与账户其余资产分开。",
                ),
                Value(
                    value="cross",
                    name="cross",
                    en="All positions share the account's margin.",
                    zh="全仓：所有仓位共用账户保证金。",
                ),
            ),
            en="Margin mode of the position.",
            zh="保证金模式（OKX 也称仓位类型）。",
        ),
        Parameter(
            name="instId",
            attribute="inst_id",
            required=False,
            max_items=5,
            pattern="^[A-Za-z0-9]{1,20}-[A-Za-z0-9]{1,20}$",
            enum=False,
            values=(),
            en="One to five trading pairs, joined by commas. Needed unless `ccy` is given.",
            zh="一到五个币对，用半角逗号连接。未传 `ccy` 时必填。",
        ),
        Parameter(
            name="ccy",
            attribute="ccy",
            required=False,
            max_items=1,
            pattern="^[A-Za-z0-9]{1,20}$",
            enum=False,
            values=(),
            en="Currency whose maximum manual loan is requested, in Spot mode with borrowing enabled. Takes the place of `instId`.",
            zh="要查询手动借币最大可借的币种，仅适用于已开通借币的现货模式；按币种查询时代替 `instId`。",
        ),
        Parameter(
            name="mgnCcy",
            attribute="mgn_ccy",
            required=False,
            max_items=1,
            pattern="^[A-Za-z0-9]{1,20}$",
            enum=False,
            values=(),
            en="Currency posted as margin; applies to isolated margin, and to cross margin in Futures mode.",
            zh="保证金币种，适用于逐仓杠杆，以及合约模式下的全仓杠杆。",
        ),
        Parameter(
            name="tradeQuoteCcy",
            attribute="trade_quote_ccy",
            required=False,
            max_items=1,
            pattern="^[A-Za-z0-9]{1,20}$",
            enum=False,
            values=(),
            en="Quote currency that a trade settles in, for instruments of type SPOT only; default the pair's own. `USD` settles X-USDC in USD.",
            zh="交易时使用的计价币种，仅适用于币币；不传时为该币对自身的计价币种。查询 X-USDC 时传 `USD` 则以 USD 结算。",
        ),
    ),
    fields=(
        Field(
            name="instId",
            attribute="inst_id",
            type="string",
            required=False,
            default="",
            pattern="",
            values=(),
            en="Trading pair of the row; empty in the response to a query for a currency.",
            zh="所查询的币对；按币种查询时为空。",
        ),
        Field(
            name="mgnMode",
            attribute="mgn_mode",
            type="string",
            required=False,
            default="",
            pattern="",
            values=(
                Value(
                    value="isolated",
                    name="isolated",
                    en="The margin of one position stands apart from the rest of the account.",
                    zh="逐仓：单个仓位的保证金与账户其余资产分开。",
                ),
                Value(
                    value="cross",
                    name="cross",
                    en="All positions share the account's margin.",
                    zh="全仓：所有仓位共用账户保证金。",
                ),
            ),
            en="Margin mode of the query.",
            zh="所查询的保证金模式。",
        ),
        Field(
            name="mgnCcy",
            attribute="mgn_ccy",
            type="string",
            required=False,
            default="",
            pattern="",
            values=(),
            en="Currency posted as margin; empty where it does not apply.",
            zh="保证金币种；不适用时为空。",
        ),
        Field(
            name="maxLoan",
            attribute="max_loan",
            type="string",
            required=True,
            default=None,
            pattern="^([0-9]{1,40}(\\.[0-9]{1,40})?)?$",
            values=(),
            en="Amount that can be borrowed, in units of `ccy`, exact, never negative; up to 16 decimals were observed. Empty where OKX returns no number.",
            zh="可借数量，单位为 `ccy`，不为负数；按原始精度返回，目前实测最多 16 位小数；OKX 未返回数值时为空。",
        ),
        Field(
            name="ccy",
            attribute="ccy",
            type="string",
            required=True,
            default=None,
            pattern="",
            values=(),
            en="Currency of the loan.",
            zh="所借币种。",
        ),
        Field(
            name="side",
            attribute="side",
            type="string",
            required=False,
            default="",
            pattern="",
            values=(
                Value(
                    value="buy",
                    name="buy",
                    en="Buying the base currency with borrowed quote currency.",
                    zh="买入：借入计价货币。",
                ),
                Value(value="sell", name="sell", en="Selling borrowed base currency.", zh="卖出：借入交易货币。"),
            ),
            en="Side of the order that uses the loan.",
            zh="订单方向，即所借币种用于买单还是卖单。",
        ),
    ),
    rules=(
        Rule(
            id="pair-or-currency",
            basis="documented",
            when={"instId": ("absent",)},
            then={"ccy": ("present",)},
            en="Pass at least one of instId (trading pairs) and ccy (a currency).",
            zh="instId（币对）与 ccy（币种）至少传一个。",
        ),
        Rule(
            id="pair-excludes-currency",
            basis="inferred",
            when={"instId": ("present",)},
            then={"ccy": ("absent",)},
            en="instId and ccy are different queries; send them in separate requests.",
            zh="instId 与 ccy 是两种不同的查询，请分开请求。",
        ),
        Rule(
            id="currency-is-cross",
            basis="inferred",
            when={"ccy": ("present",)},
            then={"mgnMode": ("cross",)},
            en="A query for a currency needs mgnMode=cross.",
            zh="按币种查询时 mgnMode 应为 cross。",
        ),
        Rule(
            id="currency-without-margin-currency",
            basis="documented",
            when={"ccy": ("present",), "mgnMode": ("cross",)},
            then={"mgnCcy": ("absent",)},
            en="With cross margin, mgnCcy is for Futures mode and ccy for Spot mode; no account can use both.",
            zh="全仓杠杆的 mgnCcy 适用于合约模式，ccy 适用于现货模式，二者不能同时使用。",
        ),
        Rule(
            id="quote-currency-needs-pair",
            basis="inferred",
            when={"tradeQuoteCcy": ("present",)},
            then={"instId": ("present",)},
            en="tradeQuoteCcy applies to a pair, so it needs instId.",
            zh="tradeQuoteCcy 指定币对的计价币种，需要同时传 instId。",
        ),
        Rule(
            id="quote-currency-is-cross",
            basis="inferred",
            when={"tradeQuoteCcy": ("present",)},
            then={"mgnMode": ("cross",)},
            en="tradeQuoteCcy is for instruments of type SPOT only; use mgnMode=cross.",
            zh="tradeQuoteCcy 仅适用于币币，查询时 mgnMode 应为 cross。",
        ),
        Rule(
            id="usd-pair-became-usdc-pair",
            basis="inferred",
            when={"instId": ("*-USD",)},
            then={"instId": ("*-USDC",)},
            en="OKX merged Crypto-USD pairs into Crypto-USDC on 2026-09-30; query X-USDC, with tradeQuoteCcy=USD to settle in USD.",
            zh="OKX 已于 2026-09-30 将 Crypto-USD 币对并入 Crypto-USDC；请改查 X-USDC，需以 USD 结算时传 tradeQuoteCcy=USD。",
        ),
        Rule(
            id="spot-is-cross",
            basis="observed",
            when={"account.mode": ("spot",)},
            then={"mgnMode": ("cross",)},
            en="An account in Spot mode has no isolated margin; use mgnMode=cross, or switch the account to Futures mode.",
            zh="现货模式没有逐仓杠杆；请使用 mgnMode=cross，或将账户切换为合约模式。",
        ),
        Rule(
            id="spot-needs-borrowing",
            basis="inferred",
            when={"account.mode": ("spot",)},
            then={"account.borrowing": ("enabled",)},
            en="In Spot mode, a loan needs borrowing to be enabled in the account's settings.",
            zh="现货模式需要先在账户设置中开通借币。",
        ),
        Rule(
            id="currency-is-spot",
            basis="documented",
            when={"ccy": ("present",)},
            then={"account.mode": ("spot",)},
            en="A query for a currency works in Spot mode only; in other modes, query pairs with instId.",
            zh="按币种查询仅适用于现货模式；其他模式请用 instId 按币对查询。",
        ),
        Rule(
            id="cross-margin-currency-is-futures",
            basis="documented",
            when={"mgnCcy": ("present",), "mgnMode": ("cross",)},
            then={"account.mode": ("futures",)},
            en="With cross margin, mgnCcy applies in Futures mode only; leave it out.",
            zh="全仓杠杆的 mgnCcy 仅适用于合约模式，请去掉该参数。",
        ),
        Rule(
            id="isolated-margin-currency-is-futures",
            basis="inferred",
            when={"mgnCcy": ("present",), "mgnMode": ("isolated",)},
            then={"account.mode": ("futures",)},
            en="With isolated margin, mgnCcy may apply in Futures mode only; try without it.",
            zh="逐仓杠杆的 mgnCcy 可能仅适用于合约模式，可去掉该参数重试。",
        ),
        Rule(
            id="futures-cross-needs-margin-currency",
            basis="inferred",
            when={"account.mode": ("futures",), "mgnMode": ("cross",), "instId": ("present",)},
            then={"mgnCcy": ("present",)},
            en="In Futures mode, cross margin is posted in one currency; name it with mgnCcy.",
            zh="合约模式的全仓杠杆需要用 mgnCcy 指明保证金币种。",
        ),
        Rule(
            id="auto-transfer-needs-margin-currency",
            basis="documented",
            when={"account.mode": ("futures",), "account.isolated": ("auto_transfers_ccy",), "mgnMode": ("isolated",)},
            then={"mgnCcy": ("present",)},
            en="This account accepts either currency of a pair as isolated margin; name it with mgnCcy.",
            zh="该账户的逐仓杠杆可用交易货币或计价货币作保证金，请用 mgnCcy 指明。",
        ),
        Rule(
            id="isolated-is-futures",
            basis="inferred",
            when={"account.mode": ("multi_currency", "portfolio")},
            then={"mgnMode": ("cross",)},
            en="Multi-currency and Portfolio margin no longer offer isolated margin; use mgnMode=cross.",
            zh="跨币种保证金与组合保证金模式不再提供逐仓杠杆，请使用 mgnMode=cross。",
        ),
        Rule(
            id="quote-currency-is-spot",
            basis="inferred",
            when={"tradeQuoteCcy": ("present",)},
            then={"account.mode": ("spot",)},
            en="tradeQuoteCcy is for instruments of type SPOT only; leave it out in account modes other than Spot.",
            zh="tradeQuoteCcy 仅适用于币币（SPOT）；现货模式以外的账户模式不适用。",
        ),
    ),
    examples=(
        Example(
            id="spot-pair",
            account={"mode": "spot", "borrowing": "enabled"},
            query={"mgnMode": "cross", "instId": "BTC-USDT"},
            en="Spot mode with borrowing, both currencies of a pair.",
            zh="现货模式（已开通借币），币对的两个币种。",
        ),
        Example(
            id="spot-currency",
            account={"mode": "spot", "borrowing": "enabled"},
            query={"mgnMode": "cross", "ccy": "USDT"},
            en="Spot mode with borrowing, one currency.",
            zh="现货模式（已开通借币），单个币种。",
        ),
        Example(
            id="futures-isolated",
            account={"mode": "futures"},
            query={"mgnMode": "isolated", "instId": "BTC-USDT"},
            en="Futures mode, isolated margin.",
            zh="合约模式，逐仓杠杆。",
        ),
        Example(
            id="futures-cross",
            account={"mode": "futures"},
            query={"mgnMode": "cross", "instId": "BTC-USDT", "mgnCcy": "BTC"},
            en="Futures mode, cross margin posted in BTC.",
            zh="合约模式，以 BTC 作保证金的全仓杠杆。",
        ),
        Example(
            id="multi-currency-cross",
            account={"mode": "multi_currency"},
            query={"mgnMode": "cross", "instId": "BTC-USDT"},
            en="Multi-currency margin, cross margin.",
            zh="跨币种保证金模式，全仓杠杆。",
        ),
        Example(
            id="portfolio-cross",
            account={"mode": "portfolio"},
            query={"mgnMode": "cross", "instId": "BTC-USDT"},
            en="Portfolio margin, cross margin.",
            zh="组合保证金模式，全仓杠杆。",
        ),
    ),
    en="How much the account can still borrow: one row for each order side of a trading pair, or the maximum loan of a currency.\nOKX may still reject a later loan or order when the amount is positive.",
    zh="账户当前的最大可借：按币对查询时每个订单方向一条，按币种查询时返回该币种的最大可借。\n最大可借大于 0 不代表一定能借到：OKX 仍可能拒绝下单或借币。",
    docs_en="https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-the-maximum-loan-of-instrument",
    docs_zh="https://www.okx.com/docs-v5/zh/#trading-account-rest-api-get-the-maximum-loan-of-instrument",
)
GET_ACCOUNT_CONFIG = Operation(
    id="getAccountConfig",
    method="GET",
    path="/api/v5/account/config",
    signed=True,
    limit=RateLimit(requests=5, period=2, per="user"),
    parameters=(),
    fields=(
        Field(
            name="uid",
            attribute="uid",
            type="string",
            required=True,
            default=None,
            pattern="",
            values=(),
            en="The account's User ID, which the rate limit is counted by.",
            zh="账户的 User ID，限速按它计算。",
        ),
        Field(
            name="mainUid",
            attribute="main_uid",
            type="string",
            required=False,
            default="",
            pattern="",
            values=(),
            en="User ID of the main account; equal to `uid` for a main account.",
            zh="母账户的 User ID；母账户自身与 `uid` 相同。",
        ),
        Field(
            name="acctLv",
            attribute="acct_lv",
            type="string",
            required=True,
            default=None,
            pattern="",
            values=(
                Value(value="1", name="spot", en="Spot mode.", zh="现货模式。"),
                Value(value="2", name="futures", en="Futures mode.", zh="合约模式。"),
                Value(value="3", name="multi_currency", en="Multi-currency margin.", zh="跨币种保证金模式。"),
                Value(value="4", name="portfolio", en="Portfolio margin.", zh="组合保证金模式。"),
            ),
            en="Account mode.",
            zh="账户模式。",
        ),
        Field(
            name="autoLoan",
            attribute="auto_loan",
            type="boolean",
            required=False,
            default=False,
            pattern="",
            values=(),
            en="Whether coins are borrowed automatically.",
            zh="是否自动借币。",
        ),
        Field(
            name="enableSpotBorrow",
            attribute="enable_spot_borrow",
            type="boolean",
            required=False,
            default=False,
            pattern="",
            values=(),
            en="Whether borrowing is enabled in Spot mode.",
            zh="现货模式是否已开通借币。",
        ),
        Field(
            name="mgnIsoMode",
            attribute="mgn_iso_mode",
            type="string",
            required=False,
            default="",
            pattern="",
            values=(
                Value(
                    value="automatic", name="automatic", en="Margin moves in when a position opens.", zh="开仓划转。"
                ),
                Value(
                    value="auto_transfers_ccy",
                    name="auto_transfers_ccy",
                    en="As automatic; base or quote currency may be the margin.",
                    zh="开仓划转，交易货币与计价货币均可作保证金。",
                ),
                Value(value="quick_margin", name="quick_margin", en="Quick margin.", zh="一键借币模式。"),
            ),
            en="How isolated margin is transferred.",
            zh="逐仓杠杆保证金的划转方式。",
        ),
        Field(
            name="perm",
            attribute="perm",
            type="string",
            required=False,
            default="",
            pattern="",
            values=(
                Value(value="read_only", name="read_only", en="Reading.", zh="读取。"),
                Value(value="trade", name="trade", en="Trading.", zh="交易。"),
                Value(value="withdraw", name="withdraw", en="Withdrawing.", zh="提币。"),
            ),
            en="What the API key may do, joined by commas.",
            zh="API key 的权限，用半角逗号连接。",
        ),
        Field(
            name="ip",
            attribute="ip",
            type="string",
            required=False,
            default="",
            pattern="",
            values=(),
            en="Addresses that the API key is bound to, joined by commas; empty when it is bound to none.",
            zh="API key 绑定的 IP，用半角逗号连接；未绑定时为空。",
        ),
        Field(
            name="label",
            attribute="label",
            type="string",
            required=False,
            default="",
            pattern="",
            values=(),
            en="Name that the API key was given.",
            zh="API key 的备注名。",
        ),
        Field(
            name="type",
            attribute="type_",
            type="string",
            required=False,
            default="",
            pattern="",
            values=(),
            en='Kind of account; "0" is a main account, any other a sub-account.',
            zh='账户类型；"0" 为母账户，其余为子账户。',
        ),
    ),
    rules=(),
    examples=(),
    en="The account's mode and margin settings, which decide what maximum loan accepts, and what the API key may do.",
    zh="账户模式与保证金设置（决定最大可借接口接受哪些参数），以及 API key 的权限。",
    docs_en="https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-account-configuration",
    docs_zh="https://www.okx.com/docs-v5/zh/#trading-account-rest-api-get-account-configuration",
)
GET_ACCOUNT_INSTRUMENTS = Operation(
    id="getAccountInstruments",
    method="GET",
    path="/api/v5/account/instruments",
    signed=True,
    limit=RateLimit(requests=20, period=2, per="user and instType"),
    parameters=(
        Parameter(
            name="instType",
            attribute="inst_type",
            required=True,
            max_items=1,
            pattern="",
            enum=True,
            values=(
                Value(value="SPOT", name="SPOT", en="Spot pairs.", zh="币币。"),
                Value(value="MARGIN", name="MARGIN", en="Pairs that can be traded on margin.", zh="币币杠杆。"),
                Value(value="SWAP", name="SWAP", en="Perpetual contracts.", zh="永续合约。"),
                Value(value="FUTURES", name="FUTURES", en="Contracts with an expiry.", zh="交割合约。"),
                Value(value="OPTION", name="OPTION", en="Options.", zh="期权。"),
            ),
            en="Instrument type. Pairs that can be margined are MARGIN.",
            zh="产品类型。可做杠杆的币对为 MARGIN。",
        ),
        Parameter(
            name="instId",
            attribute="inst_id",
            required=False,
            max_items=1,
            pattern="^[A-Za-z0-9_-]{1,60}$",
            enum=False,
            values=(),
            en="One instrument only; all of the type when left out.",
            zh="仅查询某一产品；不传则返回该类型的全部产品。",
        ),
    ),
    fields=(
        Field(
            name="instId",
            attribute="inst_id",
            type="string",
            required=True,
            default=None,
            pattern="",
            values=(),
            en="The instrument's id.",
            zh="产品 ID。",
        ),
        Field(
            name="instType",
            attribute="inst_type",
            type="string",
            required=False,
            default="",
            pattern="",
            values=(),
            en="Instrument type.",
            zh="产品类型。",
        ),
        Field(
            name="baseCcy",
            attribute="base_ccy",
            type="string",
            required=False,
            default="",
            pattern="",
            values=(),
            en="Currency that is traded.",
            zh="交易货币。",
        ),
        Field(
            name="quoteCcy",
            attribute="quote_ccy",
            type="string",
            required=False,
            default="",
            pattern="",
            values=(),
            en="Currency that prices are given in.",
            zh="计价货币。",
        ),
        Field(
            name="lever",
            attribute="lever",
            type="string",
            required=False,
            default="",
            pattern="",
            values=(),
            en="Highest leverage that the exchange allows; empty where there is none.",
            zh="交易所允许的最高杠杆倍数；不适用时为空。",
        ),
        Field(
            name="state",
            attribute="state",
            type="string",
            required=False,
            default="",
            pattern="",
            values=(
                Value(value="live", name="live", en="It can be traded.", zh="交易中。"),
                Value(value="suspend", name="suspend", en="Trading is suspended.", zh="暂停交易。"),
                Value(value="preopen", name="preopen", en="It is listed and not yet open.", zh="预上线，尚未开放。"),
                Value(
                    value="post_only",
                    name="post_only",
                    en="Only orders that add liquidity.",
                    zh="仅接受 post-only 订单（只做 maker）。",
                ),
                Value(value="rebase", name="rebase", en="It is being rebased.", zh="变基中，不可交易。"),
                Value(value="test", name="test", en="A test pair.", zh="测试产品，不可交易。"),
            ),
            en="Whether it can be traded now.",
            zh="当前能否交易。",
        ),
        Field(
            name="tradeQuoteCcyList",
            attribute="trade_quote_ccy_list",
            type="array",
            required=False,
            default=(),
            pattern="",
            values=(),
            en="Quote currencies that a trade of it can be settled in; the values of `tradeQuoteCcy`.",
            zh="可用的计价币种，即 `tradeQuoteCcy` 的取值。",
        ),
    ),
    rules=(),
    examples=(),
    en="What this account may trade of one instrument type, with the quote currencies each pair can be settled in.",
    zh="该账户在某一产品类型下可交易的产品，以及各币对可用的计价币种。",
    docs_en="https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-instruments",
    docs_zh="https://www.okx.com/docs-v5/zh/#trading-account-rest-api-get-instruments",
)
GET_TIME = Operation(
    id="getTime",
    method="GET",
    path="/api/v5/public/time",
    signed=False,
    limit=RateLimit(requests=10, period=2, per="ip"),
    parameters=(),
    fields=(
        Field(
            name="ts",
            attribute="ts",
            type="string",
            required=True,
            default=None,
            pattern="^[0-9]{1,16}$",
            values=(),
            en="Milliseconds since 1970-01-01 UTC.",
            zh="自 1970-01-01 UTC 起的毫秒数。",
        ),
    ),
    rules=(),
    examples=(),
    en="What time it is at the exchange. A signed request may be at most 30 seconds away from it.",
    zh="交易所当前时间。签名请求的时间戳与之相差不得超过 30 秒。",
    docs_en="https://www.okx.com/docs-v5/en/#public-data-rest-api-get-system-time",
    docs_zh="https://www.okx.com/docs-v5/zh/#public-data-rest-api-get-system-time",
)
OPERATIONS = (
    GET_MAX_LOAN,
    GET_ACCOUNT_CONFIG,
    GET_ACCOUNT_INSTRUMENTS,
    GET_TIME,
)
ERRORS: Mapping[str, Error] = {
    "1": Error(code="1", kind="refused", retry="never", en="The operation failed.", zh="操作失败。"),
    "2": Error(code="2", kind="refused", retry="never", en="Part of a bulk operation failed.", zh="批量操作部分失败。"),
    "404": Error(
        code="404",
        kind="refused",
        retry="never",
        en="There is no such path; check base_url.",
        zh="路径不存在，请检查 base_url。",
    ),
    "50000": Error(code="50000", kind="refused", retry="never", en="A POST needs a body.", zh="POST 请求需要请求体。"),
    "50001": Error(
        code="50001", kind="unavailable", retry="later", en="The service is down for the moment.", zh="服务暂时不可用。"
    ),
    "50002": Error(
        code="50002", kind="refused", retry="never", en="The body is not JSON.", zh="请求体不是合法的 JSON。"
    ),
    "50004": Error(
        code="50004",
        kind="unavailable",
        retry="later",
        en="OKX timed out, and the outcome is unknown; a query can be retried safely.",
        zh="接口请求超时，结果未知；查询可安全重试。",
    ),
    "50005": Error(
        code="50005",
        kind="refused",
        retry="never",
        en="The operation has been retired; look for a newer release of this SDK.",
        zh="接口已下线，请查看本 SDK 的新版本。",
    ),
    "50006": Error(
        code="50006", kind="refused", retry="never", en="The Content-Type is wrong.", zh="Content-Type 不正确。"
    ),
    "50011": Error(
        code="50011",
        kind="rate_limit",
        retry="later",
        en="Too many requests; another program may use the same OKX user, or the gateway dislikes bursts.",
        zh="请求过于频繁；可能有其他程序在使用同一用户，或网关不允许突发请求。",
    ),
    "50013": Error(code="50013", kind="unavailable", retry="later", en="The exchange is busy.", zh="交易所系统繁忙。"),
    "50026": Error(
        code="50026", kind="unavailable", retry="later", en="The exchange had an internal error.", zh="交易所内部错误。"
    ),
    "50040": Error(
        code="50040", kind="rate_limit", retry="later", en="The operation was asked for too often.", zh="操作过于频繁。"
    ),
    "50042": Error(code="50042", kind="refused", retry="never", en="The request was sent twice.", zh="请求重复。"),
    "50046": Error(
        code="50046", kind="unavailable", retry="never", en="The feature is being worked on.", zh="该功能正在维护。"
    ),
    "50061": Error(
        code="50061",
        kind="rate_limit",
        retry="never",
        en="The account has reached its limit of orders per interval.",
        zh="账户已达到订单频率上限。",
    ),
    "50062": Error(
        code="50062", kind="unavailable", retry="never", en="The feature is unavailable.", zh="该功能暂不可用。"
    ),
    "50064": Error(
        code="50064",
        kind="unavailable",
        retry="never",
        en="The borrowing system is unavailable.",
        zh="借币系统暂不可用。",
    ),
    "50115": Error(
        code="50115",
        kind="refused",
        retry="never",
        en="The operation does not take this HTTP method.",
        zh="接口不支持该 HTTP 方法。",
    ),
    "50007": Error(code="50007", kind="permission", retry="never", en="The user is blocked.", zh="用户被冻结。"),
    "50008": Error(code="50008", kind="permission", retry="never", en="The user does not exist.", zh="用户不存在。"),
    "50009": Error(
        code="50009",
        kind="permission",
        retry="never",
        en="The account is frozen after a stop-out.",
        zh="账户因爆仓被冻结。",
    ),
    "50010": Error(code="50010", kind="parameter", retry="never", en="The user id is missing.", zh="缺少用户 ID。"),
    "50012": Error(
        code="50012",
        kind="permission",
        retry="never",
        en="The account's status does not allow this.",
        zh="账户状态不允许此操作。",
    ),
    "50017": Error(
        code="50017",
        kind="permission",
        retry="never",
        en="The position is frozen by auto-deleveraging; wait until it is over.",
        zh="仓位处于自动减仓冻结中，请等待结束。",
    ),
    "50018": Error(
        code="50018",
        kind="permission",
        retry="never",
        en="The currency is frozen by auto-deleveraging; wait until it is over.",
        zh="该币种处于自动减仓冻结中，请等待结束。",
    ),
    "50019": Error(
        code="50019",
        kind="permission",
        retry="never",
        en="The account is frozen by auto-deleveraging; wait until it is over.",
        zh="账户处于自动减仓冻结中，请等待结束。",
    ),
    "50020": Error(
        code="50020",
        kind="permission",
        retry="never",
        en="The position is being liquidated; wait until it is over.",
        zh="仓位正在强平，请等待结束。",
    ),
    "50021": Error(
        code="50021",
        kind="permission",
        retry="never",
        en="The currency is being liquidated; wait until it is over.",
        zh="该币种正在强平，请等待结束。",
    ),
    "50022": Error(
        code="50022",
        kind="permission",
        retry="never",
        en="The account is being liquidated; wait until it is over.",
        zh="账户正在强平，请等待结束。",
    ),
    "50023": Error(
        code="50023",
        kind="permission",
        retry="never",
        en="Funding fees are frozen; wait until it is over.",
        zh="资金费冻结中，请等待结束。",
    ),
    "50027": Error(
        code="50027",
        kind="permission",
        retry="never",
        en="The account may not trade; ask OKX's support.",
        zh="账户被限制交易，请联系 OKX 客服。",
    ),
    "50028": Error(
        code="50028",
        kind="permission",
        retry="never",
        en="The account cannot place orders; ask OKX's support.",
        zh="账户异常无法下单，请联系 OKX 客服。",
    ),
    "50029": Error(
        code="50029",
        kind="permission",
        retry="never",
        en="Risk control restricts the account; see the mail OKX sent.",
        zh="账户触发风控，请查看 OKX 发送的邮件。",
    ),
    "50030": Error(
        code="50030",
        kind="permission",
        retry="never",
        en="The account may not use this operation.",
        zh="账户没有使用该接口的权限。",
    ),
    "50032": Error(
        code="50032",
        kind="permission",
        retry="never",
        en="The account's settings forbid this currency.",
        zh="账户已设置禁止交易该币种。",
    ),
    "50033": Error(
        code="50033",
        kind="permission",
        retry="never",
        en="The account's settings forbid this instrument or its business line.",
        zh="账户已设置禁止交易该产品（或其所属业务线）。",
    ),
    "50041": Error(
        code="50041",
        kind="permission",
        retry="never",
        en="The user is not on OKX's allow list; ask OKX's support.",
        zh="用户不在 OKX 的许可名单中，请联系客服。",
    ),
    "50051": Error(
        code="50051",
        kind="permission",
        retry="never",
        en="The feature is closed to the account's country.",
        zh="账户所在地区不能使用该功能。",
    ),
    "50052": Error(
        code="50052",
        kind="permission",
        retry="never",
        en="The currency is closed to the account's country.",
        zh="账户所在地区不能交易该币种。",
    ),
    "50059": Error(
        code="50059",
        kind="permission",
        retry="never",
        en="A step that local rules demand is missing; finish it on OKX's site.",
        zh="尚未完成当地监管要求的步骤，请在 OKX 网站完成。",
    ),
    "50060": Error(
        code="50060",
        kind="permission",
        retry="never",
        en="Identity verification is missing; finish it on OKX's site.",
        zh="尚未完成身份认证，请在 OKX 网站完成。",
    ),
    "50075": Error(
        code="50075",
        kind="permission",
        retry="never",
        en="The currency is closed to this kind of sub-account.",
        zh="该类子账户不能使用该币种。",
    ),
    "51024": Error(
        code="51024", kind="permission", retry="never", en="The trading account is blocked.", zh="交易账户被冻结。"
    ),
    "51037": Error(
        code="51037",
        kind="permission",
        retry="never",
        en="The account is at risk and accepts only IOC orders that reduce it.",
        zh="账户存在风险，仅支持降低风险方向的 IOC 订单。",
    ),
    "50072": Error(
        code="50072",
        kind="account_mode",
        retry="never",
        en="Multi-currency and Portfolio margin have no isolated margin.",
        zh="跨币种与组合保证金模式没有逐仓杠杆。",
    ),
    "51010": Error(
        code="51010",
        kind="account_mode",
        retry="never",
        en="The account's mode does not allow this.",
        zh="账户当前模式不支持此操作。",
    ),
    "50014": Error(
        code="50014", kind="parameter", retry="never", en="A required parameter is missing.", zh="缺少必填参数。"
    ),
    "50015": Error(
        code="50015",
        kind="parameter",
        retry="never",
        en="One of two parameters is needed.",
        zh="两个参数至少需要一个。",
    ),
    "50016": Error(
        code="50016", kind="parameter", retry="never", en="Two parameters do not fit together.", zh="两个参数不匹配。"
    ),
    "50024": Error(
        code="50024",
        kind="parameter",
        retry="never",
        en="Two parameters exclude each other.",
        zh="两个参数不能同时使用。",
    ),
    "50025": Error(
        code="50025", kind="parameter", retry="never", en="A parameter lists too many values.", zh="参数取值个数超限。"
    ),
    "50036": Error(
        code="50036",
        kind="parameter",
        retry="never",
        en="The request's expiry lies in the past.",
        zh="请求的有效期已过。",
    ),
    "50037": Error(code="50037", kind="parameter", retry="never", en="The order has expired.", zh="订单已过期。"),
    "50039": Error(
        code="50039",
        kind="parameter",
        retry="never",
        en="This pagination does not take `before`.",
        zh="该分页方式不支持 before。",
    ),
    "50044": Error(
        code="50044", kind="parameter", retry="never", en="A broker type is missing.", zh="缺少经纪商（broker）类型。"
    ),
    "50045": Error(
        code="50045",
        kind="parameter",
        retry="never",
        en="Simulated positions cannot be counted in this mode.",
        zh="该模式不能计入模拟仓位。",
    ),
    "50047": Error(code="50047", kind="instrument", retry="never", en="The contract has settled.", zh="合约已交割。"),
    "50049": Error(
        code="50049",
        kind="instrument",
        retry="never",
        en="The instrument cannot be traded on margin.",
        zh="该产品不支持杠杆交易。",
    ),
    "50071": Error(code="50071", kind="parameter", retry="never", en="The value is taken already.", zh="取值已存在。"),
    "50076": Error(
        code="50076", kind="parameter", retry="never", en="The dates lie too many days apart.", zh="日期间隔天数过长。"
    ),
    "50077": Error(
        code="50077",
        kind="parameter",
        retry="never",
        en="The dates lie too many months apart.",
        zh="日期间隔月数过长。",
    ),
    "50122": Error(
        code="50122",
        kind="parameter",
        retry="never",
        en="The order's value is below the minimum.",
        zh="下单金额低于最低限额。",
    ),
    "51000": Error(
        code="51000",
        kind="parameter",
        retry="never",
        en="A parameter has a value that OKX does not accept here.",
        zh="参数值无效，或不适用于当前账户。",
    ),
    "51001": Error(
        code="51001", kind="instrument", retry="never", en="There is no such instrument.", zh="产品不存在。"
    ),
    "51015": Error(
        code="51015",
        kind="instrument",
        retry="never",
        en="The instrument is not of the type asked for.",
        zh="产品与产品类型不匹配。",
    ),
    "51021": Error(
        code="51021", kind="instrument", retry="never", en="The instrument is not listed yet.", zh="产品尚未上线。"
    ),
    "50038": Error(
        code="50038", kind="refused", retry="never", en="Demo trading does not have this.", zh="模拟盘不支持该功能。"
    ),
    "50053": Error(
        code="50053", kind="refused", retry="never", en="Only demo trading has this.", zh="仅模拟盘支持该功能。"
    ),
    "50055": Error(
        code="50055",
        kind="refused",
        retry="never",
        en="Demo assets were reset too often today.",
        zh="今日模拟盘资产重置次数已达上限。",
    ),
    "50056": Error(
        code="50056",
        kind="refused",
        retry="never",
        en="Open orders or positions forbid the reset.",
        zh="存在挂单或持仓，无法重置。",
    ),
    "50057": Error(code="50057", kind="refused", retry="never", en="The reset failed.", zh="重置失败。"),
    "50058": Error(
        code="50058", kind="refused", retry="never", en="This currency cannot be reset.", zh="该币种不支持重置。"
    ),
    "50048": Error(
        code="50048",
        kind="refused",
        retry="never",
        en="Switching the risk unit may lead to a liquidation.",
        zh="切换对冲单元可能导致强平。",
    ),
    "50050": Error(
        code="50050", kind="refused", retry="never", en="Options trading is active already.", zh="期权交易已开通。"
    ),
    "50063": Error(
        code="50063",
        kind="refused",
        retry="never",
        en="The credits have expired or are active already.",
        zh="体验金已过期或已激活。",
    ),
    "50067": Error(
        code="50067",
        kind="refused",
        retry="never",
        en="Trading across sites is not offered here.",
        zh="该接口不支持跨站交易。",
    ),
    "50069": Error(
        code="50069",
        kind="refused",
        retry="never",
        en="The risk unit failed its margin check.",
        zh="风险单元保证金率校验失败。",
    ),
    "50035": Error(
        code="50035",
        kind="permission",
        retry="never",
        en="This operation wants a key that is bound to an IP; bind it on OKX's API page.",
        zh="该接口要求 API key 绑定 IP，请在 API 管理页绑定。",
    ),
    "50100": Error(
        code="50100",
        kind="authentication",
        retry="never",
        en="The API key is frozen; ask OKX's support.",
        zh="API key 已被冻结，请联系 OKX 客服。",
    ),
    "50101": Error(
        code="50101",
        kind="authentication",
        retry="never",
        en="A live key was used on demo trading, or a demo key on live trading; set demo= to what the key was made for.",
        zh="实盘与模拟盘的 API key 混用；请按 key 的类型设置 demo=。",
    ),
    "50102": Error(
        code="50102",
        kind="clock",
        retry="resync",
        en="The timestamp lies more than 30 seconds from the exchange's clock.",
        zh="时间戳与交易所时间相差超过 30 秒。",
    ),
    "50103": Error(
        code="50103",
        kind="authentication",
        retry="never",
        en="The API key header is missing.",
        zh="缺少 API key 请求头。",
    ),
    "50104": Error(
        code="50104",
        kind="authentication",
        retry="never",
        en="The passphrase header is missing.",
        zh="缺少口令请求头。",
    ),
    "50105": Error(
        code="50105",
        kind="authentication",
        retry="never",
        en="The passphrase is wrong; it is the one chosen when the key was made and not the account's password.",
        zh="口令错误；应为创建 API key 时设置的口令，不是登录密码。",
    ),
    "50106": Error(
        code="50106", kind="authentication", retry="never", en="The signature header is missing.", zh="缺少签名请求头。"
    ),
    "50107": Error(
        code="50107",
        kind="authentication",
        retry="never",
        en="The timestamp header is missing.",
        zh="缺少时间戳请求头。",
    ),
    "50108": Error(
        code="50108",
        kind="authentication",
        retry="never",
        en="The broker is unknown.",
        zh="经纪商（broker）ID 不存在。",
    ),
    "50109": Error(
        code="50109",
        kind="authentication",
        retry="never",
        en="The broker's domain is unknown.",
        zh="经纪商（broker）域名不存在。",
    ),
    "50110": Error(
        code="50110",
        kind="permission",
        retry="never",
        en="This machine's IP is not on the API key's list; add it on OKX's API page.",
        zh="本机 IP 不在 API key 的白名单中；请在 API 管理页添加。",
    ),
    "50111": Error(
        code="50111",
        kind="authentication",
        retry="never",
        en="The API key is malformed; copy it again.",
        zh="API key 格式错误，请重新复制。",
    ),
    "50112": Error(
        code="50112", kind="authentication", retry="never", en="The timestamp is malformed.", zh="时间戳格式错误。"
    ),
    "50113": Error(
        code="50113",
        kind="authentication",
        retry="never",
        en="The signature is wrong: the secret does not belong to the key, or a proxy changed the request.",
        zh="签名错误：Secret key 与 API key 不匹配，或代理改动了请求。",
    ),
    "50114": Error(
        code="50114", kind="authentication", retry="never", en="The authorization is invalid.", zh="授权无效。"
    ),
    "50116": Error(
        code="50116",
        kind="refused",
        retry="never",
        en="Only one key of this kind can be made.",
        zh="该类 API key 只能创建一个。",
    ),
    "50118": Error(
        code="50118",
        kind="permission",
        retry="never",
        en="The broker has to share its IP first.",
        zh="需要经纪商（broker）先提供 IP。",
    ),
    "50119": Error(
        code="50119",
        kind="authentication",
        retry="never",
        en="The exchange does not know the API key: it was deleted, or it belongs to another regional site.",
        zh="API key 不存在：可能已删除，或属于其他区域站点。",
    ),
    "50120": Error(
        code="50120",
        kind="permission",
        retry="never",
        en="The API key lacks the permission; give it Read on OKX's API page.",
        zh="API key 权限不足；请在 API 管理页开通读取权限。",
    ),
    "50121": Error(
        code="50121",
        kind="permission",
        retry="never",
        en="OKX does not serve this machine's IP.",
        zh="OKX 不向本机 IP 提供服务。",
    ),
}
SITES: Mapping[str, str] = {
    "global": "https://openapi.okx.com",
    "eea": "https://eea.okx.com",
    "us": "https://us.okx.com",
    "tr": "https://tr.okx.com",
}
DEMO_HEADER = ("x-simulated-trading", "1")
SPEC_VERSION = "2026-09-30"
