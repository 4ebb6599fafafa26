# CSV for machines, Markdown and LaTeX for people; shown.json is the latter for the report.
rule tables:
    input:
        unpack(inputs_of("results/{study}/tables")),
    output:
        report(
            expand("results/{{study}}/tables/{name}.csv", name=TABLES),
            caption="../report/tables.rst",
            category="Tables",
        ),
        expand(
            "results/{{study}}/tables/{name}.{form}", name=TABLES, form=["md", "tex"]
        ),
        shown="results/{study}/tables/shown.json",
        manifest="results/{study}/tables/manifest.json",
    log:
        "results/{study}/logs/tables.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        out=subpath(output.manifest, parent=True),
        spec=spec_of("results/{study}/tables"),
        inputs=inputs,
        code=stage_digest("tables"),
    shell:
        "grunflow tables --spec {params.spec:q} --code {params.code} {params.inputs}"
        " --out {params.out} --log {log}"


rule figures:
    input:
        unpack(inputs_of("results/{study}/figures")),
    output:
        report(
            expand("results/{{study}}/figures/{name}.png", name=FIGURES),
            caption="../report/figures.rst",
            category="Figures",
        ),
        expand("results/{{study}}/figures/{name}.pdf", name=FIGURES),
        manifest="results/{study}/figures/manifest.json",
    log:
        "results/{study}/logs/figures.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        out=subpath(output.manifest, parent=True),
        spec=spec_of("results/{study}/figures"),
        inputs=inputs,
        code=stage_digest("figures"),
    shell:
        "grunflow figures --spec {params.spec:q} --code {params.code} {params.inputs}"
        " --out {params.out} --log {log}"


# What the paper says against the tables; the copy at the study's root is what people open.
rule claims:
    input:
        tables="results/{study}/tables/manifest.json",
        files=STUDY.claims or [],
    output:
        folder=directory("results/{study}/claims"),
        verdicts=report(
            "results/{study}/claims.json",
            caption="../report/claims.rst",
            category="Claims",
        ),
    log:
        "results/{study}/logs/claims.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        inputs=inputs,
        spec=spec_of("results/{study}/claims"),
        code=stage_digest("claims"),
    shell:
        "grunflow claims --spec {params.spec:q} --code {params.code} {params.inputs}"
        " --out {output.folder} --log {log}"
        " && cp {output.folder}/claims.json {output.verdicts}"


# One page with verdicts, tables, figures and example answers; the copy at the study's root is what people open.
rule report:
    input:
        unpack(inputs_of("results/{study}/figures")),
        tables="results/{study}/tables/manifest.json",
        figures="results/{study}/figures/manifest.json",
        claims="results/{study}/claims" if STUDY.claims else [],
    output:
        folder=directory("results/{study}/report"),
        page=report(
            "results/{study}/report.html",
            caption="../report/page.rst",
            category="Report",
        ),
    log:
        "results/{study}/logs/report.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        inputs=inputs,
        spec=spec_of("results/{study}/report"),
        code=stage_digest("report"),
    shell:
        "grunflow report --spec {params.spec:q} --code {params.code} {params.inputs}"
        " --out {output.folder} --log {log}"
        " && cp {output.folder}/report.html {output.page}"
