# mica_pytest(LABEL label TIMEOUT seconds [COST n]): every test_*.py of this folder is one ctest, named label.NAME.
# The scenarios get the programs of this build in their environment (tests/harness/parts.py). Those with a greater COST
# begin earlier.
function(mica_pytest)
  cmake_parse_arguments(PT "" "LABEL;TIMEOUT;COST" "" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/test_*.py)
  foreach(source ${sources})
    get_filename_component(stem ${source} NAME_WE)
    string(REPLACE test_ ${PT_LABEL}. name ${stem})
    add_test(NAME ${name} COMMAND /usr/bin/python3 -m pytest -q ${source} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}/tests)
    set_tests_properties(${name} PROPERTIES LABELS ${PT_LABEL} TIMEOUT ${PT_TIMEOUT} SKIP_RETURN_CODE 77 COST 0${PT_COST}
      ENVIRONMENT "MICA_BUILD=${PROJECT_BINARY_DIR};PYTHONDONTWRITEBYTECODE=1")
  endforeach()
endfunction()

# these scenarios run the release build as well
function(mica_needs_release)
  set_tests_properties(${ARGN} PROPERTIES FIXTURES_REQUIRED release)
endfunction()
