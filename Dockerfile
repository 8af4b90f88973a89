# The project's image: `fairlead` for every Airflow process, `stand-ins` for the mail sink and the S3 of a test set-up.
FROM python:3.11-slim AS fairlead

# libgomp: LightGBM. tini: ends what a task forked.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 tini \
    && rm -rf /var/lib/apt/lists/*

ENV PYTHONUNBUFFERED=1 \
    FAIRLEAD_ROOT=/opt/fairlead \
    FAIRLEAD_HOME=/var/lib/fairlead \
    AIRFLOW_HOME=/var/lib/fairlead/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/fairlead/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/fairlead/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=False

WORKDIR /opt/fairlead
COPY requirements.lock ./
RUN python -m pip install --no-cache-dir --require-hashes --no-deps --requirement requirements.lock

COPY . .
RUN python -m pip install --no-cache-dir --no-deps --no-build-isolation --editable . \
    && useradd --uid 50000 --create-home fairlead \
    && install --directory --owner fairlead --mode 0700 /var/lib/fairlead /var/lib/fairlead/airflow

USER fairlead
VOLUME /var/lib/fairlead
ENTRYPOINT ["tini", "-g", "--"]
CMD ["fairlead", "--help"]

# aiosmtpd and moto stand in the same lock: one download, and none of it without its hash
FROM fairlead AS stand-ins
