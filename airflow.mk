# Airflow's part of the Makefile: its whole environment, its set-up, and three ways to run the DAGs.
# SQLite metadata and every log lie under FAIRLEAD_HOME; the DAGs find `fairlead` on the PATH.

FAIRLEAD_HOME ?= $(CURDIR)/.fairlead
AIRFLOW_PORT ?= 8080
VENV ?= $(CURDIR)/.venv
NIGHT_1 ?= 2026-03-28
NIGHT_2 ?= 2026-03-29

# The project's own zone is the zone in which `dags test 2026-03-28` and a backfill's dates are read; asked once.
ZONE = $(eval ZONE := $(or $(FAIRLEAD_PROJECT__TIME_ZONE),$(shell $(VENV)/bin/python -c \
	"from core.settings import load_settings; print(load_settings().project.time_zone)")))$(ZONE)

AIRFLOW = env FAIRLEAD_HOME="$(FAIRLEAD_HOME)" \
	PATH="$(VENV)/bin:$$PATH" \
	AIRFLOW_HOME="$(FAIRLEAD_HOME)/airflow" \
	AIRFLOW__CORE__DAGS_FOLDER="$(CURDIR)/dags" \
	AIRFLOW__CORE__PLUGINS_FOLDER="$(CURDIR)/plugins" \
	AIRFLOW__CORE__LOAD_EXAMPLES=False \
	AIRFLOW__CORE__DEFAULT_TIMEZONE="$(ZONE)" \
	AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION=True \
	AIRFLOW__CORE__EXECUTION_API_SERVER_URL="http://localhost:$(AIRFLOW_PORT)/execution/" \
	AIRFLOW__API__HOST=127.0.0.1 \
	AIRFLOW__API__PORT="$(AIRFLOW_PORT)" \
	AIRFLOW__USAGE_DATA_COLLECTION__ENABLED=False \
	AIRFLOW__LOGGING__FILE_TASK_HANDLER_NEW_FOLDER_PERMISSIONS=0o700 \
	AIRFLOW__LOGGING__FILE_TASK_HANDLER_NEW_FILE_PERMISSIONS=0o600 \
	"$(VENV)/bin/airflow"

.PHONY: airflow-init nights up

INIT = "$(FAIRLEAD_HOME)/airflow"

# `register` may fail by a mistake in a sync file: without channels.json each push is followed by a `collect`, which is right.
airflow-init:  ## metadata base, and the pools that tasks wait in; nothing to do when all are there
	@umask 077; mkdir -p $(INIT) && sh dags/pools.sh > $(INIT)/pools.json
	@umask 077; FAIRLEAD_HOME="$(FAIRLEAD_HOME)" "$(VENV)/bin/fairlead" register > $(INIT)/register.log 2>&1 || :
	@umask 077; [ $(INIT)/.ready -nt requirements.lock ] && cmp -s $(INIT)/pools.json $(INIT)/.ready || { \
		$(AIRFLOW) db migrate && $(AIRFLOW) pools export $(INIT)/there.json && \
		sh dags/pools.sh $(INIT)/there.json > $(INIT)/missing.json && $(AIRFLOW) pools import $(INIT)/missing.json && \
		cp $(INIT)/pools.json $(INIT)/.ready; } > $(INIT)/init.log 2>&1 || { tail -20 $(INIT)/init.log; exit 1; }

nights: airflow-init  ## two consecutive nights, one process each, no scheduler
	@umask 077; for day in $(NIGHT_1) $(NIGHT_2); do \
		echo "Night of $$day …"; \
		FAIRLEAD_TASK_RETRIES=0 $(AIRFLOW) dags test nightly $$day > "$(FAIRLEAD_HOME)/airflow/night-$$day.log" 2>&1 \
			|| { grep -E "SubprocessHook|ERROR|error" "$(FAIRLEAD_HOME)/airflow/night-$$day.log" | tail -40; \
			     echo "The night of $$day failed; all of it: $(FAIRLEAD_HOME)/airflow/night-$$day.log"; exit 1; }; \
	done

# Airflow's parts do not all end at Ctrl-C: a session of their own is ended whole, with eight seconds to do it in order.
IN_A_SESSION = "$(VENV)/bin/python" -c "import os, sys; os.setsid(); os.execvp(sys.argv[1], sys.argv[1:])"

up: airflow-init  ## a whole Airflow on the same home, DAGs unpaused, until Ctrl-C
	@umask 077; $(AIRFLOW) dags reserialize > /dev/null 2>&1
	@for dag in nightly weekly_training hourly_feedback; do $(AIRFLOW) dags unpause $$dag > /dev/null; done
	@echo "Airflow: http://localhost:$(AIRFLOW_PORT)   user admin, password in $(FAIRLEAD_HOME)/airflow/simple_auth_manager_passwords.json.generated"
	@umask 077; $(IN_A_SESSION) $(AIRFLOW) standalone & all=$$!; \
		end() { \
			trap '' INT TERM HUP; kill -s TERM -- -$$all; \
			for _ in 1 2 3 4 5 6 7 8; do kill -s 0 -- -$$all || exit 0; sleep 1; done; \
			kill -s KILL -- -$$all; exit 0; \
		} 2> /dev/null; \
		trap end INT TERM HUP; wait $$all
