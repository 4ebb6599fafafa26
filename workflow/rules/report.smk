TABLES = "results/{study}/tables"
FIGURES = "results/{study}/figures"
CLAIMS = "results/{study}/claims"
REPORT = "results/{study}/report"


# CSV for machines, Markdown and LaTeX for people; shown.json is what the report reads.
rule tables:
    input:
        unpack(inputs_of(TABLES)),
    output:
        report(
            files_in(TABLES, "csv"),
            caption="../report/tables.rst",
            category="Tables",
        ),
        files_in(TABLES, "md", "tex"),
        shown=f"{TABLES}/shown.json",
        manifest=f"{TABLES}/manifest.json",
    log:
        log_of(TABLES),
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        **call_of(TABLES),
        out=subpath(output.manifest, parent=True),
    shell:
        "grunflow tables --spec {params.spec:q} --code {params.code} {params.inputs}"
        " --out {params.out:q} --log {log:q}"


rule figures:
    input:
        unpack(inputs_of(FIGURES)),
    output:
        report(
            files_in(FIGURES, "png"),
            caption="../report/figures.rst",
            category="Figures",
        ),
        files_in(FIGURES, "pdf"),
        shown=f"{FIGURES}/shown.json",
        manifest=f"{FIGURES}/manifest.json",
    log:
        log_of(FIGURES),
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        **call_of(FIGURES),
        out=subpath(output.manifest, parent=True),
    shell:
        "grunflow figures --spec {params.spec:q} --code {params.code} {params.inputs}"
        " --out {params.out:q} --log {log:q}"


# What the paper says against the tables; the copy at the study's root is what people open.
rule claims:
    input:
        unpack(inputs_of(CLAIMS)),
    output:
        folder=directory(CLAIMS),
        verdicts=report(
            f"{CLAIMS}.json",
            caption="../report/claims.rst",
            category="Claims",
        ),
    log:
        log_of(CLAIMS),
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        **call_of(CLAIMS),
    shell:
        "grunflow claims --spec {params.spec:q} --code {params.code} {params.inputs}"
        " --out {output.folder:q} --log {log:q}"
        " && cp {output.folder:q}/claims.json {output.verdicts:q}"


# One page with verdicts, tables, figures and example answers; the copy at the study's root is what people open.
rule report:
    input:
        unpack(inputs_of(REPORT)),
    output:
        folder=directory(REPORT),
        page=report(
            f"{REPORT}.html",
            caption="../report/page.rst",
            category="Report",
        ),
    log:
        log_of(REPORT),
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        **call_of(REPORT),
    shell:
        "grunflow report --spec {params.spec:q} --code {params.code} {params.inputs}"
        " --out {output.folder:q} --log {log:q}"
        " && cp {output.folder:q}/report.html {output.page:q}"
