"""The words that people use for faults, with what each can be told. A plug-in may bring words of its own."""

from chaos_aura.core.kind import Kind, Parameter

BOTH, TO_SERVICE, FROM_SERVICE = "both", "to_service", "from_service"
_ONE_WAY = (TO_SERVICE, FROM_SERVICE)

_WHICH = Parameter(
    "which",
    str,
    "of several containers: only (there is just one), one, all, a share such as 50%, or a name",
    default="only",
)
_PEER = Parameter("peer", str, "only what it exchanges with this service; *: with everybody", default="*")

_NETWORK = (
    Kind(
        "latency",
        "make each answer later",
        (
            Parameter("latency_ms", float, "how much later", default=100.0, least=1, most=600_000),
            Parameter("jitter_ms", float, "more or less, at random", default=0.0, least=0, most=600_000),
            Parameter("direction", str, "which way is slow", default=FROM_SERVICE, choices=_ONE_WAY),
            _WHICH,
        ),
    ),
    Kind(
        "throttle",
        "let so much through in a second",
        (
            Parameter("rate_kbps", int, "kilobytes a second", default=100, least=1, most=10_000_000),
            Parameter("direction", str, "which way is slow", default=FROM_SERVICE, choices=_ONE_WAY),
            _WHICH,
        ),
    ),
    Kind(
        "packet_loss",
        "lose a share of packets",
        (Parameter("percent", float, "of all packets", default=10.0, least=0.1, most=100), _PEER, _WHICH),
        needs="an injector on the kernel's own network, as docker is for services in containers; nearest here are "
        "latency, throttle and partition",
    ),
    Kind(
        "partition",
        "cut the path",
        (
            Parameter("direction", str, "which way nothing passes", default=BOTH, choices=(BOTH, *_ONE_WAY)),
            Parameter(
                "how",
                str,
                "silent: what is sent vanishes; refused: connections end and none is accepted (both ways only)",
                default="silent",
                choices=("silent", "refused"),
            ),
            _PEER,
            _WHICH,
        ),
    ),
    Kind("dns_failure", "let it find no other machine by name", (_WHICH,)),
    Kind(
        "blackhole",
        "swallow all data, then close the connection",
        (Parameter("close_after_ms", int, "how long it is kept open", default=1000, least=1, most=600_000),),
    ),
    Kind(
        "reset",
        "end connections as a crashed machine would (TCP RST)",
        (Parameter("after_ms", int, "how long each may live", default=0, least=0, most=600_000),),
    ),
    Kind(
        "slow_close",
        "let connections end late",
        (Parameter("delay_ms", int, "how late", default=1000, least=1, most=600_000),),
    ),
    Kind(
        "slice",
        "let answers through in small pieces",
        (
            Parameter("size_bytes", int, "average size of a piece", default=16, least=1, most=1_000_000),
            Parameter("variation_bytes", int, "more or less, at random", default=0, least=0, most=1_000_000),
            Parameter("delay_us", int, "pause between two pieces", default=1000, least=0, most=10_000_000),
        ),
    ),
    Kind(
        "limit_data",
        "close each connection after so many bytes of answers",
        (Parameter("limit_bytes", int, "how many", default=1024, least=0, most=1_000_000_000),),
    ),
)

_COMES_BACK = Parameter(
    "comes_back", bool, "whether its supervisor starts it again at once, or only when the fault ends", default=True
)

_PROCESS = (
    Kind("kill", "end the process at once (SIGKILL)", (_COMES_BACK, _WHICH), momentary_if="comes_back"),
    Kind(
        "stop",
        "ask the process to end, and keep it stopped",
        (
            Parameter("grace_s", float, "how long it may take before it is killed", default=10.0, least=0, most=600),
            _WHICH,
        ),
    ),
    Kind("pause", "freeze every thread (SIGSTOP)", (_WHICH,)),
    Kind(
        "restart",
        "end it and start it again",
        (Parameter("grace_s", float, "how long it may take to end", default=10.0, least=0, most=600), _WHICH),
        momentary=True,
    ),
    Kind(
        "crash_loop",
        "kill it again as often as it comes back",
        (
            Parameter(
                "every_ms", int, "how long it may live each time; 0: not a moment", default=0, least=0, most=60_000
            ),
            _WHICH,
        ),
    ),
)

_RESOURCES = (
    Kind(
        "cpu_throttle",
        "leave it only a part of a processor",
        (Parameter("percent", int, "of one processor", default=20, least=1, most=100), _WHICH),
    ),
    Kind(
        "memory_limit",
        "let it have no more memory than this",
        (Parameter("limit_mb", int, "megabytes", least=1, most=1_000_000, sample=512), _WHICH),
    ),
    Kind(
        "oom_kill", "let it need more memory than it may have, so that the kernel kills it", (_WHICH,), momentary=True
    ),
    Kind(
        "pids_limit",
        "let it have no more processes and threads than this",
        (Parameter("limit", int, "at once", least=1, most=1_000_000), _WHICH),
    ),
    Kind(
        "fd_limit",
        "let it open no more files",
        (Parameter("limit", int, "files at once", least=3, most=1_000_000, sample=64),),
    ),
    Kind(
        "file_size_limit",
        "let no file grow beyond this",
        (Parameter("limit_kb", int, "kilobytes", least=0, most=1_000_000_000, sample=1024),),
        repairable=True,  # who dies of it is started again by its supervisor, without it
    ),
    Kind(
        "cpu_burn",
        "keep processors busy",
        (
            Parameter("cores", int, "how many; 0 means all", default=0, least=0, most=1024),
            Parameter("percent", int, "of each", default=100, least=1, most=100),
        ),
    ),
    Kind(
        "memory_fill",
        "take memory and touch it",
        (Parameter("size_mb", int, "megabytes", least=1, most=1_000_000, sample=64),),
    ),
    Kind(
        "disk_full",
        "fill the place where its data are",
        (
            Parameter(
                "size_mb",
                int,
                "how much at most, in megabytes",
                default=1024,
                least=1,
                most=10_000_000,
                sample=10_000_000,  # an upper bound: with it, every disk that is no larger can be filled
            ),
            Parameter("leave_mb", int, "how much stays free", default=512, least=0, most=10_000_000, sample=0),
        ),
    ),
    Kind(
        "connection_flood",
        "take its connections away",
        (Parameter("connections", int, "how many at once", default=500, least=1, most=50_000, sample=10),),
    ),
    Kind(
        "process_churn",
        "start short processes all the time, on the whole machine",
        (Parameter("rate_per_s", int, "starts a second", default=200, least=1, most=2000),),
    ),
    Kind(
        "clock_skew",
        "set its clock forwards or backwards",
        (
            Parameter(
                "offset_s", float, "seconds; negative is the past", least=-315_360_000, most=315_360_000, sample=60.0
            ),
        ),
    ),
)

_TENANT = Parameter("tenant", str, "whose; *: anybody's", default="*")
_HOW_MANY = Parameter("count", int, "how many at most", default=10, least=1, most=10_000)

_DATA = (
    Kind("corrupt_cache", "damage bytes of cached context windows", (_TENANT, _HOW_MANY), repairable=True),
    Kind("evict_cache", "remove cached context windows", (_TENANT, _HOW_MANY), repairable=True),
    Kind(
        "poison_event",
        "put bad events among the good ones",
        (
            Parameter(
                "how",
                str,
                "what is wrong with them",
                default="malformed",
                choices=("malformed", "wrong_schema", "duplicate", "out_of_order"),
            ),
            Parameter("count", int, "how many", default=1, least=1, most=1000),
        ),
        momentary=True,
    ),
    Kind("tamper_decision", "change what recorded decisions say", (_HOW_MANY,), repairable=True),
)

_FLAGS = (
    Kind("fail_agent", "let a council agent fail", (Parameter("agent", str, "its name"),)),
    Kind(
        "slow_agent",
        "let a council agent take long",
        (
            Parameter("agent", str, "its name"),
            Parameter("delay_s", float, "how long", default=5.0, least=0, most=3600),
        ),
    ),
    Kind(
        "set_flag",
        "throw a switch of the platform",
        (Parameter("flag", str, "its name"), Parameter("value", str, "as JSON, or on and off")),
    ),
)

KINDS: dict[str, Kind] = {kind.name: kind for kind in (*_NETWORK, *_PROCESS, *_RESOURCES, *_DATA, *_FLAGS)}
