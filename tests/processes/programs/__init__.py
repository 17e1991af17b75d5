"""The programs that run in processes of their own: users' programs, which know OpenTelemetry and genscope."""
