# `cmake --install build/release [--prefix P]`: the binary, the example of the configuration, and what an operator reads.
# The configuration itself, users, units and folders are the packages' business.

install(TARGETS twinlog RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
install(FILES config/twinlog.toml.example README.md CHANGELOG.md SECURITY.md LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(FILES agent/observe/LOG_EVENTS.md agent/observe/METRICS.md DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(DIRECTORY docs/ DESTINATION "${CMAKE_INSTALL_DOCDIR}" OPTIONAL FILES_MATCHING PATTERN "*.md")
